-- What distributed databases that speak PostgreSQL may lack: triggers. Without them an entry that
-- somebody changed is still found by `sentinel ledger verify`; with them a slip is refused.

CREATE FUNCTION sentinel_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries are never changed or removed';
END
$$;

CREATE TRIGGER sentinel_entries_stay
BEFORE UPDATE OR DELETE OR TRUNCATE ON sentinel_entries
FOR EACH STATEMENT EXECUTE FUNCTION sentinel_refuse();
