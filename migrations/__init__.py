"""One Alembic history per service, in `migrations/<service>/versions/`. Applied by `minuet migrate` and `minuet up`."""
