"""A template of a Conan 2 recipe, used from a checkout: conan create packaging/conan"""
import os
import re

from conan import ConanFile
from conan.tools.files import copy, load


class DfqConan(ConanFile):
    name = "dfq"
    description = "A lazy dataframe engine in one C header"
    license = "MIT-0 OR Unlicense"
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    no_copy_source = True

    def set_version(self):
        header = load(self, os.path.join(self.recipe_folder, "..", "..", "dfq.h"))
        self.version = re.search(r'#define DFQ_VERSION "(.*)"', header).group(1)

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..", "..")
        for name in ("dfq.h", "LICENSE"):
            copy(self, name, root, self.export_sources_folder)

    def package(self):
        copy(self, "dfq.h", self.source_folder, os.path.join(self.package_folder, "include"))
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_id(self):
        self.info.clear()

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.set_property("cmake_file_name", "dfq")
        self.cpp_info.set_property("cmake_target_name", "dfq::dfq")
        if self.settings.get_safe("os") != "Windows":
            self.cpp_info.system_libs = ["m", "pthread"]
