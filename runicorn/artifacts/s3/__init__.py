"""Contents of artifacts in an S3 bucket: those that a server with `--artifact-pool` receives.

binding.py     which bucket a store uses, and that no two stores share one
bucket.py      contents by digest: store, read, list, remove, presigned links
client.py      the client of botocore, and one sentence for each of its errors
connection.py  requests to a bucket
mover.py       move contents between the folder and the bucket
place.py       a content that only the bucket has

Manifests stay in the storage root. Contents that programs on this machine store stay in the pool of the root
(`runicorn.artifacts.pool`), so a content is in the one or in the other.
"""
