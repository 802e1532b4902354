// What each command asks the system for, seen by strace: no network, no program but ShellCheck, and no change
// of a file that was not named.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "dcache/text/path.h"
#include "tests/git_folder.h"

namespace dcache {
namespace {

namespace fs = std::filesystem;
using test::GitFolder;
using test::TemporaryFolder;
using Names = std::set<std::string, std::less<>>;

const Names kChanges = {"chmod",     "chown",    "creat",     "fallocate",    "fchmod",       "fchmodat",
                        "fchmodat2", "fchown",   "fchownat",  "fremovexattr", "fsetxattr",    "ftruncate",
                        "futimesat", "lchown",   "link",      "linkat",       "lremovexattr", "lsetxattr",
                        "mkdir",     "mkdirat",  "mknod",     "mknodat",      "mount",        "removexattr",
                        "rename",    "renameat", "renameat2", "rmdir",        "setxattr",     "symlink",
                        "symlinkat", "truncate", "unlink",    "unlinkat",     "utime",        "utimensat",
                        "utimes"};
const Names kNetwork = {"accept",      "accept4",    "bind",           "connect",   "getpeername",
                        "getsockname", "getsockopt", "io_uring_setup", "listen",    "recvfrom",
                        "recvmmsg",    "recvmsg",    "sendmmsg",       "sendmsg",   "sendto",
                        "setsockopt",  "shutdown",   "socket",         "socketpair"};

// The paths in the arguments of a call. strace writes a descriptor with what it is open on: 3</tmp/a>.
std::vector<std::string> paths_of(std::string_view arguments, const std::string& current) {
  std::vector<std::string> paths;
  std::string folder = current;
  for (size_t at = 0; at < arguments.size(); ++at) {
    if (arguments[at] != '<' && arguments[at] != '"') continue;
    const size_t end = std::min(arguments.find(arguments[at] == '<' ? '>' : '"', at + 1), arguments.size());
    const std::string text(arguments.substr(at + 1, end - at - 1));
    if (arguments[at] == '"') {
      paths.push_back(text.starts_with('/') ? text : text::join_path(folder, text));
      folder = current;
    } else {
      folder = text;
    }
    at = end;
  }
  if (paths.empty()) paths.push_back(folder);  // the call names a descriptor only
  return paths;
}

// What a line of the trace does to the world: "network connect", "runs /bin/true", "changes /tmp/a".
std::vector<std::string> effects_of(const std::string& line, const std::string& current) {
  const size_t open = line.find('(');
  if (open == std::string::npos) return {};
  const std::string call = line.substr(0, open);
  const std::string arguments = line.substr(open + 1);
  if (kNetwork.contains(call)) return {"network " + call};
  if (call == "execve" || call == "execveat") return {"runs " + paths_of(arguments, current).front()};
  bool changes = kChanges.contains(call);
  if (call == "open" || call == "openat" || call == "openat2") {
    for (const char* flag : {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_TMPFILE"})
      changes = changes || arguments.find(flag) != std::string::npos;
  }
  std::vector<std::string> effects;
  for (const std::string& path : changes ? paths_of(arguments, current) : std::vector<std::string>())
    effects.push_back("changes " + path);
  return effects;
}

// All that a command does, in the folder, with itself left out. Fails if strace sees nothing.
Names effects_of_command(const std::string& command, const std::string& folder) {
  const TemporaryFolder traces;
  const std::string text = fmt::format(
      "cd '{0}' && XDG_CACHE_HOME='{1}' ASAN_OPTIONS=detect_leaks=0 strace -ff -qq -y -s 4096 "
      "-e "
      "trace=%network,%process,%file,ftruncate,fallocate,fchmod,fchown,fsetxattr,fremovexattr,io_uring_setup "
      "-o '{2}/trace' {3} >'{2}/out' 2>&1",
      folder, test::cache_folder(), traces.path(), command);
  const int status = std::system(text.c_str());
  Names effects;
  bool started = false;
  for (const auto& entry : fs::directory_iterator(traces.path())) {
    if (!entry.path().filename().string().starts_with("trace.")) continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      for (const std::string& effect : effects_of(line, folder))
        effects.insert(effect);
      started = true;
    }
  }
  EXPECT_TRUE(started) << status << traces.read("out");
  return effects;
}

class Privacy : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("strace -qq -o /dev/null true 2>/dev/null") == 0) return;
    if (std::getenv("DCACHE_REQUIRE_SHARED") != nullptr)
      FAIL() << "strace is not installed, or must not trace";
    GTEST_SKIP() << "strace is not installed, or must not trace";
  }

  // Whether a path is a file, or what becomes the file when it is complete, in its folder or without a name.
  static bool is_of(std::string_view path, std::string_view file) {
    const std::string_view folder = text::parent_path(file);
    const std::string_view name = text::base_name(path);
    return path == file || path == folder ||
           (text::parent_path(path) == folder && (name.starts_with(".dcache-") || name.starts_with('#')));
  }

  // A file that loses its name when it was opened, on systems that have none without: see text/system.h.
  static bool is_unnamed([[maybe_unused]] std::string_view path) {
#ifdef DCACHE_PORTABLE
    return path.starts_with((fs::temp_directory_path() / "dcache-").string()) &&
           path.size() == (fs::temp_directory_path() / "dcache-XXXXXX").string().size();
#else
    return false;
#endif
  }

  // What a command does that it must not, in a repository with images. `may_change` are its files.
  static std::vector<std::string> offences(const std::string& arguments,
                                           const std::vector<std::string>& may_change = {},
                                           const std::string& input = "") {
    GitFolder repository;
    repository.git("init -q -b main");
    repository.write("Dockerfile",
                     "FROM alpine:3.20\nRUN apk add curl && echo $x\nCOPY . /src\nMAINTAINER someone\n");
    repository.write(".dockerignore", "*.log\n");
    repository.write("a.txt", "a\n");
    repository.write("compose.yaml", "services:\n  web:\n    build: .\n");
    repository.commit("first");
    repository.write("a.txt", "b\n");
    repository.write("input", input);
    std::vector<std::string> found;
    for (const std::string& effect :
         effects_of_command(fmt::format("'{}' {} <input", DCACHE_PROGRAM, arguments), repository.path())) {
      bool allowed = effect == std::string("runs ") + DCACHE_PROGRAM || effect.ends_with("/shellcheck");
      if (effect.starts_with("changes ")) {
        const std::string path = effect.substr(effect.find('/'));
        allowed = path == "/dev/null" || path.starts_with("/proc/self/fd/") || path.starts_with("/memfd:") ||
                  text::is_within(path, test::cache_folder()) || is_unnamed(path);
        for (const std::string& name : may_change)
          allowed = allowed || is_of(path, repository / name);
      }
      if (!allowed) found.push_back(effect);
    }
    return found;
  }
};

TEST_F(Privacy, IsSeenToBeBroken) {
  const TemporaryFolder folder;
  folder.write("a", "");
  const Names effects = effects_of_command(
      "bash -c 'exec 3<>/dev/tcp/127.0.0.1/9; echo >>b; mv a c; mkdir d; cd d; rm ../c; chmod 600 ../b'",
      folder.path());
  const auto has = [&](std::string_view start, std::string_view end) {
    return std::ranges::any_of(
        effects, [&](const std::string& e) { return e.starts_with(start) && e.ends_with(end); });
  };
  for (const auto& [start, end] :
       {std::pair{"network socket", ""}, {"network connect", ""}, {"runs /", "/mv"}, {"runs /", "/rm"}}) {
    EXPECT_TRUE(has(start, end)) << start << end << " of " << fmt::format("{}", effects);
  }
  for (const char* name : {"a", "b", "c", "d"})
    EXPECT_TRUE(has("changes ", folder / name)) << name << " of " << fmt::format("{}", effects);
}

TEST_F(Privacy, CommandsOnlyRead) {
  for (const char* arguments : {"lint .",
                                "lint --diff .",
                                "lint --no-shellcheck --format sarif .",
                                "explain --changed a.txt",
                                "explain --git HEAD",
                                "affected --changed a.txt",
                                "affected --git HEAD --format json",
                                "keys",
                                "keys --format json",
                                "context",
                                "context --list",
                                "images",
                                "images --format json",
                                "parse Dockerfile",
                                "rules",
                                "completion bash",
                                "config Dockerfile",
                                "format --diff Dockerfile",
                                "history",
                                "optimize",
                                "graph",
                                "graph --history"})
    EXPECT_EQ(offences(arguments), std::vector<std::string>()) << arguments;
}

TEST_F(Privacy, CommandsWriteOnlyWhatIsNamed) {
  EXPECT_EQ(offences("lint --fix .", {"Dockerfile"}), std::vector<std::string>());
  EXPECT_EQ(offences("lint --unsafe-fixes --fix .", {"Dockerfile", ".dockerignore"}),
            std::vector<std::string>());
  EXPECT_EQ(offences("lint --make-baseline base.json .", {"base.json"}), std::vector<std::string>());
  EXPECT_EQ(offences("lint --format sarif=report.sarif .", {"report.sarif"}), std::vector<std::string>());
  EXPECT_EQ(offences("snapshot -o state.json", {"state.json"}), std::vector<std::string>());
  EXPECT_EQ(offences("report -o page.html", {"page.html"}), std::vector<std::string>());
  EXPECT_EQ(offences("history --keep kept", {"kept"}), std::vector<std::string>());
  EXPECT_EQ(offences("format Dockerfile", {"Dockerfile"}), std::vector<std::string>());
  EXPECT_EQ(offences("optimize --write --unsafe-fixes", {"Dockerfile", ".dockerignore"}),
            std::vector<std::string>());
  EXPECT_EQ(offences("snapshot -o states/", {"states", "states/web.json"}), std::vector<std::string>());
}

TEST_F(Privacy, TheLanguageServerOnlyReads) {
  std::string input;
  for (
      const std::string message :
      {R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{},"rootUri":null}})",
       R"({"jsonrpc":"2.0","method":"initialized","params":{}})",
       R"({"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///nowhere/Dockerfile","languageId":"dockerfile","version":1,"text":"FROM alpine\nRUN apk add curl && echo $x\n"}}})",
       R"({"jsonrpc":"2.0","id":2,"method":"textDocument/hover","params":{"textDocument":{"uri":"file:///nowhere/Dockerfile"},"position":{"line":1,"character":1}}})",
       R"({"jsonrpc":"2.0","id":3,"method":"shutdown"})", R"({"jsonrpc":"2.0","method":"exit"})"})
    input += fmt::format("Content-Length: {}\r\n\r\n{}", message.size(), message);
  EXPECT_EQ(offences("lsp", {}, input), std::vector<std::string>());
}

}  // namespace
}  // namespace dcache
