"""The database: the only place with SQL. SQLAlchemy Core over SQLite and PostgreSQL."""
