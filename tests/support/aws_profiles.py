"""An AWS configuration with a profile of each kind."""

from __future__ import annotations

import sys
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

START_URL = "https://example.awsapps.com/start"
SSO = f"""
[profile modern]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = deploy
region = eu-west-1
[profile legacy]
sso_start_url = {START_URL}
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = deploy
[profile role]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = modern
[sso-session corp]
sso_start_url = {START_URL}
sso_region = eu-west-1
sso_registration_scopes = sso:account:access
"""
"""Profiles of IAM Identity Center, with and without an ``sso-session``, and a role."""


def mfa_over_process(script: Path) -> str:
    """Return a role that needs MFA, and takes its credentials from a Python script."""
    return f"""
[profile process]
credential_process = {sys.executable} {script}
[profile role]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = process
mfa_serial = arn:aws:iam::123456789012:mfa/me
region = eu-west-1
"""


def profile(name: str, endpoint: str, region: str = "") -> str:
    """Return the section of a profile with an access key for a registry at an endpoint."""
    lines = [f"[profile {name}]", f"endpoint_url = {endpoint}", ACCESS_KEY, f"region = {region}" if region else ""]
    return "\n".join(lines) + "\n"


def write_config(home: Path, text: str) -> None:
    """Write the AWS configuration of a home folder."""
    (home / ".aws").mkdir(exist_ok=True)
    (home / ".aws" / "config").write_text(text)
