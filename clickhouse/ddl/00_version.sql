-- The server's version
--
-- Purpose: refuses a server too old for what the next files make, before anything is made.
-- Errors: FUNCTION_THROW_IF_VALUE_IS_NON_ZERO below 25.8, in which a DELETE may leave aggregate projections wrong
--     (docs/clickhouse.md).
SELECT
    throwIf(
        toUInt32(splitByChar('.', version())[1]) * 100 + toUInt32(splitByChar('.', version())[2]) < 2508,
        concat(
            'This is ClickHouse ', version(), ', and T-Shop needs 25.8 or newer: let CLICKHOUSE_URL name such a ',
            'server, or upgrade this one'
        )
    );
