-- An erasure takes away the password of who is erased; sessions and codes the worker may delete already.
GRANT SELECT (school_id, person_id), DELETE ON credential TO bookbag_worker;
CREATE POLICY erases ON credential FOR ALL TO bookbag_worker USING (true) WITH CHECK (false);
