"""The embedded ECR: SQLite behind ECR's own JSON protocol."""
