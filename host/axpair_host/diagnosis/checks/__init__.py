"""The checks, one question each: functions from an inquiry to findings, open questions, or what they want."""
