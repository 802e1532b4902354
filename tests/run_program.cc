#include "tests/run_program.h"

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dcache/text/system_path.h"
#include "tests/system.h"

namespace dcache::test {
namespace {

namespace fs = std::filesystem;

std::string content_of(const std::string& path) {
  std::ifstream file(text::system_path(path), std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace

const std::string& cache_folder() {
  static const TemporaryFolder folder;
  return folder.path();
}

TemporaryFolder::TemporaryFolder() {
  std::random_device random;
  do
    path_ = (fs::temp_directory_path() / fmt::format("dcache-test-{:08x}", random())).generic_string();
  while (!fs::create_directory(path_));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code failure;
  fs::remove_all(path_, failure);
}

void TemporaryFolder::write(const std::string& name, const std::string& content) const {
  if (!allows_name(name)) skip("no file can have such a name on Windows");
  const fs::path path = text::system_path(path_) / text::system_path(name);
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::string TemporaryFolder::read(const std::string& name) const {
  return content_of(path_ + "/" + name);
}

void TemporaryFolder::copy_fixture(const std::string& name) const {
  fs::copy(fs::path(DCACHE_SOURCE_DIR) / "fixtures" / name, path_, fs::copy_options::recursive);
}

void skip(const std::string& reason) {
  [&reason] { GTEST_SKIP() << reason; }();
  // GoogleTest takes what it throws itself for said.
  throw testing::AssertionException(
      testing::TestPartResult(testing::TestPartResult::kSkip, __FILE__, __LINE__, reason.c_str()));
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

}  // namespace dcache::test
