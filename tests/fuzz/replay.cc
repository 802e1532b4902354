// Gives each file below a folder to a target: dcache-fuzz-replay TARGET FOLDER
//
// For compilers that libFuzzer does not come with, and for the test suite: what once broke stays whole.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/targets.h"

int main(int count, char** arguments) {
  const dcache::fuzz::Target* target = count == 3 ? dcache::fuzz::find_target(arguments[1]) : nullptr;
  if (target == nullptr || !std::filesystem::is_directory(arguments[2])) {
    std::cerr << "usage: dcache-fuzz-replay TARGET FOLDER\n";
    return 2;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(arguments[2]))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::ranges::sort(files);
  for (const std::filesystem::path& path : files) {
    std::cerr << path.string() << '\n';  // the last one named is the one that ends it
    std::ifstream file(path, std::ios::binary);
    target->run(std::string(std::istreambuf_iterator<char>(file), {}));
  }
  std::cout << files.size() << " inputs\n";
  return files.empty() ? 1 : 0;
}
