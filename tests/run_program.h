// Runs the dcache program as a user would.
#pragma once

#include <string>
#include <vector>

namespace dcache::test {

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

// With `input` on standard input, in `folder`; no terminal. Other programs are looked for in `programs`, by
// default nowhere, so that what is installed makes no difference.
Outcome run_dcache(const std::vector<std::string>& arguments, const std::string& folder,
                   const std::string& input = "", const std::string& programs = "/nowhere");

// What those runs have for $XDG_CACHE_HOME: a folder of this process's own.
const std::string& cache_folder();

// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  // Writes a file, with the folders it needs.
  void write(const std::string& name, const std::string& content) const;
  // Makes a file as long as that; zeros that were not there take no room.
  void resize(const std::string& name, uint64_t bytes) const;
  std::string read(const std::string& name) const;
  // Copies a folder of fixtures/ into this one.
  void copy_fixture(const std::string& name) const;

 private:
  std::string path_;
};

// Of what is printed: whether it has a part, and how often.
bool contains(const std::string& text, const std::string& part);
size_t count_of(const std::string& text, const std::string& part);

}  // namespace dcache::test
