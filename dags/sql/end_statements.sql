-- Ends what a task of this name still runs in ClickHouse.
KILL QUERY WHERE user = currentUser() AND Settings['log_comment'] = %(comment)s ASYNC;
