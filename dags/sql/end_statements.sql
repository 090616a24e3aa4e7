-- Ends what a task of this name still runs in ClickHouse. The embedded endpoint puts a mark of its own behind the name.
KILL QUERY WHERE user = currentUser() AND splitByChar(' ', Settings['log_comment'])[1] = %(comment)s ASYNC;
