"""A self-hosted publisher: articles in, feeds and email digests out."""
