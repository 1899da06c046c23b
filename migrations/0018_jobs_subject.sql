-- What a job works on, and the path of what came of it; neither for jobs of before.
ALTER TABLE jobs_job ADD COLUMN subject TEXT;
ALTER TABLE jobs_job ADD COLUMN result TEXT;
