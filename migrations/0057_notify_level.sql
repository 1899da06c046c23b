-- How grave what a message tells is, in the words of alerts; NULL where that is not said, as in all messages of before.
ALTER TABLE notify_message ADD COLUMN level TEXT;
