#include "tests/conformance/oracle.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>

namespace dcache::conformance {
namespace {

// Standard output of a command, or nothing if it failed.
bool output_of(const std::string& command, std::string& out) {
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return false;
  char piece[1 << 16];
  for (size_t got = 0; (got = std::fread(piece, 1, sizeof piece, pipe)) > 0;)
    out.append(piece, got);
  return ::pclose(pipe) == 0;
}

std::string oracle_file(const std::string& name) {
  return "'" + shared_dir() + "/oracle/" + name + "'";
}

bool for_each_line(const std::string& file, const std::function<void(const nlohmann::json&)>& use) {
  std::string text;
  const std::string reader = file.ends_with(".xz'") ? "xz -dc " : "cat ";
  if (!output_of(reader + file, text)) return false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    use(nlohmann::json::parse(line));
  return true;
}

}  // namespace

std::string shared_dir() {
  const char* const set = std::getenv("DCACHE_SHARED_DIR");
  return set != nullptr ? set : DCACHE_SHARED_DIR;
}

bool for_each_record(const std::string& file, const std::function<void(const nlohmann::json&)>& use) {
  return for_each_line(oracle_file(file), use);
}

bool for_each_own_record(const std::string& file, const std::function<void(const nlohmann::json&)>& use) {
  return for_each_line("'" DCACHE_SOURCE_DIR "/tests/conformance/recorded/" + file + "'", use);
}

bool for_each_dockerfile(const std::function<void(const std::string& name, const std::string& text)>& use) {
  // A plain tar archive: blocks of 512 bytes, a header with name and size before each member.
  std::string archive;
  if (!output_of("xz -dc " + oracle_file("dockerfiles.tar.xz"), archive)) return false;
  constexpr size_t kBlock = 512;
  for (size_t at = 0; at + kBlock <= archive.size() && archive[at] != '\0';) {
    const std::string name(archive.c_str() + at);
    const size_t size = std::strtoul(archive.c_str() + at + 124, nullptr, 8);
    const bool is_file = archive[at + 156] == '0' || archive[at + 156] == '\0';
    at += kBlock;
    if (is_file) use(name.substr(name.rfind('/') + 1), archive.substr(at, size));
    at += (size + kBlock - 1) / kBlock * kBlock;
  }
  return true;
}

}  // namespace dcache::conformance
