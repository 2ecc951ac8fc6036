# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
name: item_times
type: aggregate
short_description: Writes how long each task took, and each item of a loop
description:
  - Appends one JSON line for each task to the file that E(ITEM_TIMES) names; one without a loop is its only item.
options: {}
author: The pycontainer authors
"""

import json
import os
import time

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Takes the time between one item's result and the next one's, in seconds."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "item_times"

    def __init__(self):
        super().__init__()
        self.last = 0.0
        self.times = []

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.last, self.times = time.perf_counter(), []

    def _item(self, result):
        now = time.perf_counter()
        self.times.append(now - self.last)
        self.last = now

    v2_runner_item_on_ok = _item

    def v2_runner_on_ok(self, result):
        if not self.times:
            self._item(result)
        name = result.task_name if hasattr(result, "task_name") else result._task.get_name()
        with open(os.environ["ITEM_TIMES"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps({"task": name, "seconds": self.times}) + "\n")
