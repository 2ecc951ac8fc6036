#!/usr/bin/python
# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quadlet files, of which a systemd generator makes units."""

DOCUMENTATION = r"""
module: quadlet
short_description: Have a quadlet file, of which systemd's units are made
version_added: 0.1.0
author: The pycontainer authors (@pycontainer)
description:
  - Writes a C(.container), C(.pod), C(.network), C(.volume) or C(.image) file, with the keys of podman-systemd.unit(5),
    and has systemd read it. A file with an error never gets written; the error names its line. Values are checked as
    the command line checks them that the unit would run.
  - Without O(run_as_user), as root, it lies in C(/etc/pycontainer/systemd); else in C(~/.config/pycontainer/systemd).
  - The service that it becomes is in RV(service); M(ansible.builtin.systemd_service) starts it. That takes
    pycontainer's generator on the host, C(pycontainer quadlet-generator); without it nothing is written, and the task
    fails. In check mode it is a warning, for an earlier task may be about to install it.
  - Where systemd does not run, as in an image that is being made or for a user without a session, the file is written
    and nothing is reloaded; systemd reads it when it starts.
extends_documentation_fragment:
  - pycontainer.engine.engine
  - pycontainer.engine.engine.attributes
options:
  name:
    description: The file's name, such as V(web.container).
    type: str
    required: true
  state:
    description: Whether the file is there. With V(absent) its service is stopped first, of a template all instances.
    type: str
    choices: [absent, present]
    default: present
  content:
    description: The file's text.
    type: str
  src:
    description: A file on the host that has the text.
    type: path
  options:
    description: Settings by section; a list is a key that is given several times.
    type: dict
"""

EXAMPLES = r"""
- name: A web server, from boot on
  pycontainer.engine.quadlet:
    name: web.container
    options:
      Container:
        Image: docker.io/library/nginx
        PublishPort: ["8080:80"]
        Volume: ["data.volume:/usr/share/nginx/html:ro"]
      Service:
        Restart: always
      Install:
        WantedBy: default.target

- name: Its volume
  pycontainer.engine.quadlet:
    name: data.volume
    content: |
      [Volume]
      Label=app=web
"""

RETURN = r"""
actions:
  description: What was done; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [write, reload]
path:
  description: Where the file lies.
  returned: success
  type: str
  sample: /etc/pycontainer/systemd/web.container
service:
  description: The service that the file becomes.
  returned: when the file is there or is wanted
  type: str
  sample: web.service
"""

from ansible_collections.pycontainer.engine.plugins.module_utils.start import run_module


def run(ctx, params, check):
    """Observe, plan, apply."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.cli import main as command_line
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.errors import Unsupported
    from ansible_collections.pycontainer.engine.plugins.module_utils.engine.service import quadlets, systemd
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import quadlet as state

    name, there = params["name"], quadlets.read_own(ctx, params["name"])
    wanted = None
    if params["state"] == "present":
        wanted = quadlets.wanted(params["content"], params["src"], params["options"])
    service = quadlets.service(ctx, name, there, wanted, command_line.check)
    shown = systemd.instances(ctx, service) if service else []
    plan = state.plan(quadlets.path(ctx, name), wanted, there, runs=any(one.runs for one in shown),
                      stale=any(one.stale for one in shown), heard=systemd.present(ctx))
    values = {"path": quadlets.path(ctx, name)}
    try:
        quadlets.require_generator(ctx, plan.verbs)
    except Unsupported as exc:
        if not check:
            raise
        values["warnings"] = [str(exc)]
    if plan.changed and not check:
        quadlets.apply(ctx, plan.verbs, name, wanted or "", service)
    if service:
        values["service"] = service
    return plan.result("quadlet " + name, **values)


def table():
    """Its options and what goes together with what."""
    from ansible_collections.pycontainer.engine.plugins.module_utils.state import quadlet as state

    return state.OPTIONS, state.CONSTRAINTS


def main():
    """Entry point."""
    run_module(table, run)


if __name__ == "__main__":
    main()
