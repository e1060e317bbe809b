//! Finds the npm package, and starts the runtimes that it is for.
