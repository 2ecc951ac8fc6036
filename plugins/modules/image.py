#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep an image in a declared state."""

DOCUMENTATION = r"""
module: image
short_description: Keep an image in a declared state
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Pulls, loads, imports, tags, pushes and removes images.
  - A tag that was moved in the registry is found by asking for the digest of its manifest, see O(pull_policy) and
    O(force).
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.attributes
  - pycontainer.engine.engine.registry
options:
  name:
    description: Name of the image, in full or short, with tag or digest. For O(state=absent) also its ID.
    type: str
    required: true
  tag:
    description: Tag, when O(name) has none.
    type: str
  state:
    description: Whether there is to be such an image on the host.
    type: str
    choices: [absent, present]
    default: present
  pull:
    description: Pull the image if needed. Otherwise an image that is not on the host is an error.
    type: bool
    default: true
  pull_policy:
    description:
      - When to pull. V(missing), when the image is not on the host; V(never), not at all.
      - With V(always) and V(newer) the registry is asked each time for the digest under this name, and the image is
        pulled when it is another one than the local image's.
    type: str
    choices: [always, missing, never, newer]
    default: missing
  force:
    description:
      - Ask the registry as O(pull_policy=newer) does; load or import again.
      - With O(state=absent), remove the containers that use the image too.
    type: bool
    default: false
  path:
    description:
      - Load the image from this archive on the host, as C(docker-archive), C(oci-archive) or a directory of
        one.
    type: path
  import:
    description: Make the image of this archive of a root file system on the host.
    type: path
  changes:
    description: With O(import), instructions such as V(CMD) and V(ENV) for the image's configuration.
    type: list
    elements: str
  commit_message:
    description: With O(import), a comment for the image's history.
    type: str
  tags:
    description: Further names for the image.
    type: list
    elements: str
  push:
    description: Push the image, unless the registry has it under this name already.
    type: bool
    default: false
  push_args:
    description: How to push.
    type: dict
    suboptions:
      dest:
        description: Name to push it to. When it is left out, O(name).
        type: str
      format:
        description: Format of the manifest. When it is left out, the image's own.
        type: str
        choices: [oci, v2s2]
  username:
    description: User at the registry, instead of the one in the file with credentials.
    type: str
  password:
    description: Password of that user.
    type: str
  ca_cert_dir:
    description: Directory with C(*.crt), and C(*.cert) with C(*.key) for a client's certificate.
    type: path
  platform:
    description:
      - Platform as C(os/arch[/variant]), instead of the host's.
      - An image of that name that is here for another platform is not the one that is wanted; one is pulled.
    type: str
  arch:
    description: Architecture, instead of the host's.
    type: str
  os:
    description: Operating system, instead of V(linux).
    type: str
  variant:
    description: Variant of the architecture.
    type: str
  retry:
    description: How many times a failing transfer is tried again.
    type: int
  retry_delay:
    description: Time between these tries, for example V(2s).
    type: str
"""

EXAMPLES = r"""
- name: An image
  pycontainer.engine.image:
    name: docker.io/library/nginx:1.27

- name: The newest image of a tag
  pycontainer.engine.image:
    name: registry.example.com/team/web:stable
    pull_policy: newer

- name: An image of a root file system, pushed to a registry
  pycontainer.engine.image:
    name: registry.example.com/team/base:1
    import: /srv/rootfs.tar
    changes:
      - CMD ["/bin/sh"]
    push: true

- name: No image
  pycontainer.engine.image:
    name: docker.io/library/nginx:1.27
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, in order; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [pull (docker.io/library/nginx:1.27)]
image:
  description: The image as C(pycontainer image inspect) shows it; empty when there is none.
  returned: success
  type: dict
  sample: {Id: 2b7d6430f78d..., RepoTags: [docker.io/library/nginx:1.27]}
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Observe, plan, apply."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.nouns import image as noun

    return noun.run(ctx, params, check)


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import image as state

    return state.OPTIONS, state.CONSTRAINTS


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
