#include "tests/run_program.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/wait.h>

namespace dcache::test {
namespace {

namespace fs = std::filesystem;

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word)
    text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace

const std::string& cache_folder() {
  static const TemporaryFolder folder;
  return folder.path();
}

Outcome run_dcache(const std::vector<std::string>& arguments, const std::string& folder,
                   const std::string& input, const std::string& programs) {
  const TemporaryFolder streams;
  streams.write("in", input);
  std::string command = "cd " + quoted(folder) + " && XDG_CACHE_HOME=" + quoted(cache_folder()) +
                        " NO_COLOR=1 PATH=" + quoted(programs) + " " + quoted(DCACHE_PROGRAM);
  for (const std::string& argument : arguments)
    command += " " + quoted(argument);
  command += " <" + quoted(streams / "in") + " >" + quoted(streams / "out") + " 2>" + quoted(streams / "err");
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, streams.read("out"), streams.read("err")};
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "dcache-test-XXXXXX").string();
  path_ = ::mkdtemp(name.data());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code failure;
  fs::remove_all(path_, failure);
}

void TemporaryFolder::write(const std::string& name, const std::string& content) const {
  const fs::path path = fs::path(path_) / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

void TemporaryFolder::resize(const std::string& name, uint64_t bytes) const {
  fs::resize_file(fs::path(path_) / name, bytes);
}

std::string TemporaryFolder::read(const std::string& name) const {
  return content_of(path_ + "/" + name);
}

void TemporaryFolder::copy_fixture(const std::string& name) const {
  fs::copy(fs::path(DCACHE_SOURCE_DIR) / "fixtures" / name, path_, fs::copy_options::recursive);
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
