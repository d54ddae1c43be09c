"""boto3 is loaded without the modules that clients never use. This fails when boto3 changes what it imports."""

from __future__ import annotations

import subprocess
import sys


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_client_is_created_without_resources_and_s3transfer() -> None:
    code = (
        "import sys; from botocore.session import Session; from ecrtui.registry.boto3_client import create_client;"
        "client = create_client(Session(), 'ecr', region_name='eu-west-1');"
        "print(client.meta.region_name, 'Boto3' in client.meta.config.user_agent,"
        " sorted({'s3transfer', 'boto3.resources', 'boto3.docs'} & set(sys.modules)))"
    )
    assert run(code) == "eu-west-1 True []"


def test_the_modules_left_out_can_still_be_imported() -> None:
    code = (
        "import ecrtui.registry.boto3_client, s3transfer.manager, boto3.resources.factory;"
        "print(s3transfer.manager.TransferConfig.__module__, boto3.resources.factory.ResourceFactory.__module__)"
    )
    assert run(code) == "s3transfer.manager boto3.resources.factory"


def test_the_search_path_of_the_shared_loader_does_not_grow() -> None:
    code = (
        "from botocore.session import Session; from ecrtui.registry.boto3_client import create_client;"
        "session = Session(); loader = session.get_component('data_loader'); before = list(loader.search_paths);"
        "[create_client(session, 'ecr', region_name='eu-west-1') for _ in range(3)];"
        "print(loader.search_paths == before)"
    )
    assert run(code) == "True"
