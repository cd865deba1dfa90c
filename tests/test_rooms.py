"""The layout of the code: rooms, a class a model and room, a place a host method."""

import ast
from collections import defaultdict
from pathlib import Path

from odoo.modules.module import Manifest
from odoo.tests import TransactionCase, tagged

MODELS = Path(Manifest.for_addon("progress_billing").path) / "models"
ROOMS = [
    alias.name
    for node in ast.parse((MODELS / "__init__.py").read_text()).body
    for alias in node.names
]


@tagged("post_install", "-at_install")
class TestRooms(TransactionCase):
    def _classes(self, name):
        """Return the addon's own classes that make up a model, without its mixins."""
        return [
            each
            for each in self.env.registry[name]._model_classes__
            if each.__module__.startswith("odoo.addons.progress_billing.")
            and each._name == name
        ]

    def test_each_room_has_one_class_a_model(self):
        for name in self.env.registry:
            rooms = [each.__module__.rpartition(".")[0] for each in self._classes(name)]
            self.assertEqual(len(rooms), len(set(rooms)), name)

    def test_no_method_of_a_model_is_defined_twice(self):
        for name in self.env.registry:
            places = defaultdict(list)
            for each in self._classes(name):
                for method in filter(callable, vars(each).values()):
                    places[method.__name__].append(each.__module__)
            twice = {key: where for key, where in places.items() if len(where) > 1}
            self.assertFalse(twice, name)

    def test_methods_of_the_host_are_extended_in_its_room_only(self):
        for name in self.env.registry:
            if name.startswith("progress."):
                continue
            ours = self._classes(name)
            hosts = {
                method
                for each in self.env.registry[name]._model_classes__
                if each not in ours
                for method, value in vars(each).items()
                if callable(value)
            }
            for each in ours:
                if ".models.host." in each.__module__ or ".wizards." in each.__module__:
                    continue
                self.assertFalse(hosts & vars(each).keys(), each.__module__)

    def test_a_room_uses_the_rooms_before_it(self):
        for number, room in enumerate(ROOMS):
            for path in (MODELS / room).glob("*.py"):
                used = {
                    node.module.split(".")[0]
                    for node in ast.walk(ast.parse(path.read_text()))
                    if isinstance(node, ast.ImportFrom) and node.level == 2
                    if node.module
                }
                self.assertFalse(used & set(ROOMS[number + 1 :]), path.name)

    def test_arithmetic_needs_no_odoo(self):
        for path in (MODELS / "arithmetic").glob("*.py"):
            self.assertNotIn("odoo", path.read_text().partition("import ")[2], path)
