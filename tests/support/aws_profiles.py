"""An AWS configuration with a profile of each kind."""

from __future__ import annotations

from pathlib import Path

ACCESS_KEY = "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n"

EVERY_KIND = f"""
[profile base]
region = eu-west-1
{ACCESS_KEY}
[profile no-region]
{ACCESS_KEY}
[profile deploy]
region = eu-west-1
role_arn = arn:aws:iam::333333333333:role/deploy
source_profile = base
mfa_serial = arn:aws:iam::123456789012:mfa/me

[profile chain]
region = ap-south-1
role_arn = arn:aws:iam::444444444444:role/operations
source_profile = deploy

[profile incomplete]
region = eu-west-1
role_arn = arn:aws:iam::333333333333:role/deploy

[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1

[profile sso]
region = eu-west-1
sso_session = corp
sso_account_id = 555555555555
sso_role_name = AdministratorAccess

[profile process]
region = eu-west-1
credential_process = /bin/false

[profile login]
region = eu-west-1
login_session = arn:aws:sts::777777777777:assumed-role/Admin/me

[profile instance]
region = eu-west-1
role_arn = arn:aws:iam::999999999999:role/instance
credential_source = Ec2InstanceMetadata
"""


def profile(name: str, endpoint: str, region: str = "") -> str:
    """Return the section of a profile with an access key for a registry at an endpoint."""
    lines = [f"[profile {name}]", f"endpoint_url = {endpoint}", ACCESS_KEY, f"region = {region}" if region else ""]
    return "\n".join(lines) + "\n"


def write_config(home: Path, text: str) -> None:
    """Write the AWS configuration of a home folder."""
    (home / ".aws").mkdir(exist_ok=True)
    (home / ".aws" / "config").write_text(text)
