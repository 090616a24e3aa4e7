-- Calls the task's procedure.
CALL {{ task.procedure }}();
