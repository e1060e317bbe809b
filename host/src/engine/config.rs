//! The settings of wasmtime that the compiled component depends on.
//!
//! The build script compiles with them and the engine runs with them; were they to differ,
//! wasmtime would refuse the machine code. So this file is read by both, and it may use
//! nothing but wasmtime.

use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

/// Instances alive at one time, per process. `eval` keeps one per policy text it has seen
/// lately; everything else needs one. Each reserves address space, not memory.
pub const INSTANCES_MAX: u32 = 32;

/// Linear memory of one instance, in bytes. The largest policy within the engine's own limits
/// compiles in a tenth of it.
pub const INSTANCE_MEMORY_BYTES_MAX: usize = 256 << 20;

/// Entries in the tables of one instance: far more functions than the engine has.
const TABLE_ELEMENTS_MAX: usize = 20_000;

/// Core modules in the component: the engine itself, and what the encoder adds for the
/// destructor of a policy.
const CORE_INSTANCES_PER_COMPONENT: u32 = 8;

/// Stack of the guest, in bytes. The engine's own nesting limits need far less; the thread
/// that calls it must have more.
const STACK_BYTES_MAX: usize = 512 << 10;

/// The settings for both times.
pub fn runtime() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES_MAX)
        .total_core_instances(INSTANCES_MAX * CORE_INSTANCES_PER_COMPONENT)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .total_memories(INSTANCES_MAX)
        .max_memories_per_component(1)
        .max_memory_size(INSTANCE_MEMORY_BYTES_MAX)
        .total_tables(INSTANCES_MAX * 2)
        .max_tables_per_component(2)
        .table_elements(TABLE_ELEMENTS_MAX);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .max_wasm_stack(STACK_BYTES_MAX)
        .wasm_component_model(true);
    config
}
