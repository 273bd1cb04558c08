-- A service may be let add keys of a category that it can open none of: what it seals there it cannot read again.

ALTER TABLE category_access ADD COLUMN may_open boolean NOT NULL DEFAULT true;

DROP POLICY own_categories ON subject_key;
CREATE POLICY opens ON subject_key FOR SELECT TO bookbag_keyholder
    USING (EXISTS (SELECT FROM category_access a
                   WHERE a.role = current_user AND a.category = subject_key.category AND a.may_open));
CREATE POLICY adds ON subject_key FOR INSERT TO bookbag_keyholder
    WITH CHECK (EXISTS (SELECT FROM category_access a WHERE a.role = current_user AND a.category = subject_key.category));
