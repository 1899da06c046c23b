-- An address of the directory that a message goes to alone, and the person whose own link is in it; neither for other messages.
ALTER TABLE notify_message ADD COLUMN to_address TEXT;
ALTER TABLE notify_message ADD COLUMN personal TEXT;
