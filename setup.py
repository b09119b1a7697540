"""Map the top-level folders into the one package `chainrule`; pyproject.toml says the rest."""

from setuptools import find_packages, setup

FOLDERS = ("compiler", "runtime", "ops", "frontend")

packages = ["chainrule"]
for folder in FOLDERS:
    packages += [f"chainrule.{folder}"]
    packages += [f"chainrule.{folder}.{name}" for name in find_packages(folder)]

setup(
    packages=packages,
    package_dir={"chainrule": "chainrule", **{f"chainrule.{name}": name for name in FOLDERS}},
)
