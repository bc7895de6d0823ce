"""Stories told from the files that a customer has; `python -m docs.stories NAME FOLDER` lays those files out."""
