-- The state of the embedded registry. Times are seconds since the epoch, sizes are bytes; JSON columns are marked.
-- Increase VERSION in schema.py with every change of a table. The function change() there changes a file of the version
-- before; the registry rejects files of all other versions.

CREATE TABLE IF NOT EXISTS repositories (
  id INTEGER PRIMARY KEY,
  registry_id TEXT NOT NULL,
  region TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at REAL NOT NULL,
  tag_mutability TEXT NOT NULL DEFAULT 'MUTABLE',
  exclusion_filters TEXT NOT NULL DEFAULT '[]',    -- JSON array of wildcard patterns
  scan_on_push INTEGER NOT NULL DEFAULT 0,
  encryption_type TEXT NOT NULL DEFAULT 'AES256',
  kms_key TEXT,
  lifecycle_policy TEXT,                           -- as ECR returns it
  lifecycle_evaluated_at REAL,
  policy TEXT,                                     -- as ECR returns it
  UNIQUE (registry_id, region, name)
);

CREATE TABLE IF NOT EXISTS resource_tags (
  repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (repository_id, key)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS images (
  id INTEGER PRIMARY KEY,
  repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
  digest TEXT NOT NULL,
  media_type TEXT NOT NULL,
  artifact_media_type TEXT,
  size INTEGER NOT NULL,                           -- imageSizeInBytes
  pushed_at REAL NOT NULL,
  status TEXT NOT NULL DEFAULT 'ACTIVE',           -- ACTIVE, ARCHIVED, ACTIVATING
  tagged INTEGER NOT NULL DEFAULT 0,               -- maintained by the triggers on tags
  last_pulled_at REAL,
  last_archived_at REAL,
  last_activated_at REAL,
  subject TEXT,                                    -- digest of the image that this one refers to
  UNIQUE (repository_id, digest)
);
CREATE INDEX IF NOT EXISTS images_by_status ON images (repository_id, status, digest);
CREATE INDEX IF NOT EXISTS images_by_tagged ON images (repository_id, tagged, digest, status);
CREATE INDEX IF NOT EXISTS images_by_subject ON images (repository_id, subject, digest) WHERE subject IS NOT NULL;

-- Separate from images, so that a page of images does not read manifests.
CREATE TABLE IF NOT EXISTS manifests (
  image_id INTEGER PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
  manifest TEXT NOT NULL                           -- the exact text that was put
);

CREATE TABLE IF NOT EXISTS tags (
  repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
  PRIMARY KEY (repository_id, tag)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tags_by_image ON tags (image_id, tag);

CREATE TRIGGER IF NOT EXISTS tag_added AFTER INSERT ON tags BEGIN
  UPDATE images SET tagged = 1 WHERE id = NEW.image_id AND tagged = 0;
END;
CREATE TRIGGER IF NOT EXISTS tag_removed AFTER DELETE ON tags BEGIN
  UPDATE images SET tagged = 0
  WHERE id = OLD.image_id AND NOT EXISTS (SELECT 1 FROM tags WHERE image_id = OLD.image_id);
END;
CREATE TRIGGER IF NOT EXISTS tag_moved AFTER UPDATE OF image_id ON tags WHEN OLD.image_id <> NEW.image_id BEGIN
  UPDATE images SET tagged = 1 WHERE id = NEW.image_id AND tagged = 0;
  UPDATE images SET tagged = 0
  WHERE id = OLD.image_id AND NOT EXISTS (SELECT 1 FROM tags WHERE image_id = OLD.image_id);
END;

-- The manifests that an index or manifest list names.
CREATE TABLE IF NOT EXISTS index_children (
  repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
  child_digest TEXT NOT NULL,
  parent_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
  PRIMARY KEY (repository_id, child_digest, parent_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS index_children_by_parent ON index_children (parent_id);

-- Layers and configs of a repository. A layer without a blob is declared: its size is known, its content is not.
CREATE TABLE IF NOT EXISTS layers (
  id INTEGER PRIMARY KEY,
  repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
  digest TEXT NOT NULL,
  size INTEGER NOT NULL,
  media_type TEXT,                                 -- in the newest manifest that names it
  UNIQUE (repository_id, digest)
);
CREATE INDEX IF NOT EXISTS layers_by_digest ON layers (digest);

-- The layers and configs that an image names.
CREATE TABLE IF NOT EXISTS image_layers (
  image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
  layer_id INTEGER NOT NULL REFERENCES layers (id) ON DELETE CASCADE,
  PRIMARY KEY (image_id, layer_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS image_layers_by_layer ON image_layers (layer_id, image_id);

-- Content, stored once for all repositories, in chunks that fit in memory. The blob of an upload has its id as key; it
-- gets its digest, and keeps its key, when the upload is complete. Others without a digest are waiting for deletion.
CREATE TABLE IF NOT EXISTS blobs (
  key TEXT PRIMARY KEY,
  digest TEXT UNIQUE,
  size INTEGER NOT NULL                            -- received so far
);
CREATE TABLE IF NOT EXISTS blob_chunks (
  blob_key TEXT NOT NULL,
  first_byte INTEGER NOT NULL,
  content BLOB NOT NULL,
  UNIQUE (blob_key, first_byte)
);
CREATE TRIGGER IF NOT EXISTS layer_removed AFTER DELETE ON layers BEGIN
  UPDATE blobs SET digest = NULL
  WHERE digest = OLD.digest AND NOT EXISTS (SELECT 1 FROM layers WHERE digest = OLD.digest);
END;

CREATE TABLE IF NOT EXISTS uploads (
  id TEXT PRIMARY KEY,
  repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
  created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS uploads_by_age ON uploads (created_at);
CREATE TABLE IF NOT EXISTS upload_parts (
  upload_id TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
  first_byte INTEGER NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (upload_id, first_byte)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS scans (
  image_id INTEGER PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
  type TEXT NOT NULL DEFAULT 'BASIC',              -- BASIC, ENHANCED
  status TEXT NOT NULL,                            -- ScanStatus
  description TEXT,
  started_at REAL NOT NULL,
  completed_at REAL,
  source_updated_at REAL,
  severity_counts TEXT NOT NULL DEFAULT '{}'       -- JSON object: severity to number of findings
);
CREATE TABLE IF NOT EXISTS findings (
  image_id INTEGER NOT NULL REFERENCES scans (image_id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  finding TEXT NOT NULL,                           -- JSON: ImageScanFinding or EnhancedImageScanFinding
  PRIMARY KEY (image_id, position)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS lifecycle_previews (
  repository_id INTEGER PRIMARY KEY REFERENCES repositories (id) ON DELETE CASCADE,
  policy TEXT NOT NULL,
  started_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS lifecycle_preview_results (
  repository_id INTEGER NOT NULL REFERENCES lifecycle_previews (repository_id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  digest TEXT NOT NULL,
  tagged INTEGER NOT NULL,
  result TEXT NOT NULL,                            -- JSON: LifecyclePolicyPreviewResult
  PRIMARY KEY (repository_id, position)
) WITHOUT ROWID;

-- Settings of a whole registry: policy, scanning and replication configuration, account settings.
CREATE TABLE IF NOT EXISTS registry_settings (
  registry_id TEXT NOT NULL,
  region TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,                             -- JSON
  PRIMARY KEY (registry_id, region, name)
) WITHOUT ROWID;

-- Settings of a registry for the repositories below a prefix: pull-through cache rules, repository creation templates.
CREATE TABLE IF NOT EXISTS prefixed_settings (
  registry_id TEXT NOT NULL,
  region TEXT NOT NULL,
  kind TEXT NOT NULL,
  prefix TEXT NOT NULL,                            -- without a slash at its end
  value TEXT NOT NULL,                             -- JSON: PullThroughCacheRule or RepositoryCreationTemplate
  PRIMARY KEY (registry_id, region, kind, prefix)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS image_signings (
  image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
  profile_arn TEXT NOT NULL,
  status TEXT NOT NULL,                            -- SigningStatus
  PRIMARY KEY (image_id, profile_arn)
) WITHOUT ROWID;

-- The last replication of an image to each destination.
CREATE TABLE IF NOT EXISTS image_replications (
  image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
  region TEXT NOT NULL,
  registry_id TEXT NOT NULL,
  status TEXT NOT NULL,                            -- ReplicationStatus
  failure_code TEXT,
  PRIMARY KEY (image_id, region, registry_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS replication_backfills (
  id INTEGER PRIMARY KEY,                          -- the order of the starts
  uuid TEXT NOT NULL UNIQUE,                       -- replicationBackfillId
  registry_id TEXT NOT NULL,
  region TEXT NOT NULL,
  destination_region TEXT NOT NULL,
  destination_registry_id TEXT NOT NULL,
  status TEXT NOT NULL,                            -- ReplicationBackfillStatus
  started_at REAL NOT NULL,
  ended_at REAL
);
CREATE INDEX IF NOT EXISTS replication_backfills_by_registry ON replication_backfills (registry_id, region, id);

-- One row for each image and tag of a backfill.
CREATE TABLE IF NOT EXISTS replication_backfill_results (
  backfill_id INTEGER NOT NULL REFERENCES replication_backfills (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  tag TEXT,
  status TEXT NOT NULL,                            -- ReplicationBackfillResultStatus
  failure_code TEXT,
  PRIMARY KEY (backfill_id, position)
) WITHOUT ROWID;
