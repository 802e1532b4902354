// What the program leaves when calls of the system fail, or when it is killed at one: tests/faults/inject.cc
// has them fail.
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dcache/text/write_file.h"
#include "tests/git_folder.h"
#include "tests/run_program.h"

#ifdef DCACHE_FAULTS

namespace dcache {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

constexpr const char* kFaultsDockerfile = "FROM alpine:3.20\nRUN apk add curl\nmaintainer someone\n";

struct Fault {
  std::string call;
  int at = 1;
  int error = EIO;
  std::string path = {};
  bool no_tmpfile = false;
  int short_read = 0;

  std::string words() const {
    return fmt::format("{} {} fails with {}{}", call, at, error, no_tmpfile ? ", without O_TMPFILE" : "");
  }
};

struct FaultOutcome {
  int status = -1;  // -1: killed
  std::string text;
  bool came = false;  // the fault
};

FaultOutcome run_with(const Fault& fault, const std::string& arguments, const TemporaryFolder& folder) {
  const TemporaryFolder streams;
  const std::string command = fmt::format(
      "cd '{0}' && XDG_CACHE_HOME='{0}/cache' NO_COLOR=1 PATH=/nowhere LD_PRELOAD='{1}' FAULT_CALL={2} "
      "FAULT_AT={3} FAULT_ERRNO={4} FAULT_PATH='{5}' FAULT_NO_TMPFILE={6} FAULT_SHORT={7} "
      "FAULT_LOG='{8}/log' "
      "exec '{9}' {10} >'{8}/text' 2>&1",
      folder.path(), DCACHE_FAULTS, fault.call, fault.at, fault.error, fault.path, fault.no_tmpfile ? 1 : 0,
      fault.short_read, streams.path(), DCACHE_PROGRAM, arguments);
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, streams.read("text"), fs::exists(streams / "log")};
}

std::set<std::string> names_in(const TemporaryFolder& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path()))
    names.insert(entry.path().filename());
  return names;
}

// Three commits of sources that an install comes after.
const test::GitFolder& repository() {
  static const auto made = [] {
    auto folder = std::make_unique<test::GitFolder>();
    folder->write("Dockerfile", "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\n");
    folder->write(".dockerignore", ".git\nDockerfile\n.dockerignore\nout\ncache\n");
    folder->write("package.json", "{}\n");
    folder->write("package-lock.json", "{}\n");
    folder->git("init -q .");
    for (const char* text : {"1", "2", "3"}) {
      folder->write("index.js", text);
      folder->commit("edit");
    }
    return folder;
  }();
  return *made;
}

struct WritingCase {
  const char* arguments;
  const char* name;         // of the file that is written
  bool in_commits = false;  // in a copy of that repository
};

class Writing : public testing::TestWithParam<WritingCase> {
 protected:
  static void prepare(const TemporaryFolder& folder) {
    if (GetParam().in_commits) {
      fs::copy(repository().path(), folder.path(), fs::copy_options::recursive);
    } else {
      folder.write("Dockerfile", kFaultsDockerfile);
    }
  }

  // The old file or the new one, and nothing else; if it is the old one, somebody is told.
  void try_fault(const Fault& fault, bool& came) const {
    const auto& [arguments, name, in_commits] = GetParam();
    const TemporaryFolder folder;
    prepare(folder);
    if (std::string_view(name) == "out" && !std::string_view(arguments).starts_with("history"))
      folder.write("out", "old");
    std::set<std::string> expected = names_in(folder);
    expected.insert({"out", "cache"});
    const std::string before = folder.read(name);
    Fault here = fault;
    here.path = folder.path() + "/";
    const FaultOutcome outcome = run_with(here, arguments, folder);
    came = outcome.came;
    const std::string after = folder.read(name);
    if (fault.error > 0) {
      EXPECT_EQ(outcome.status == 2, after == before) << outcome.text;
    } else if (came) {
      EXPECT_EQ(outcome.status, -1) << outcome.text;
    }
    // A snapshot has the times of this folder's files.
    const bool is_whole = after == whole() || (after.starts_with('{') && nlohmann::json::accept(after)) ||
                          (after.starts_with("<!") && after.ends_with("</html>\n"));
    EXPECT_TRUE(after == before || is_whole) << after;
    for (const std::string& left : names_in(folder))
      EXPECT_TRUE(expected.contains(left) || (fault.error == 0 && text::is_temporary_name(left))) << left;
  }

  // What the file contains when nothing fails.
  const std::string& whole() const {
    static std::map<std::string, std::string> known;
    const auto& [arguments, name, in_commits] = GetParam();
    std::string& text = known[arguments];
    if (!text.empty()) return text;
    const TemporaryFolder folder;
    prepare(folder);
    run_with({.call = "none"}, arguments, folder);
    return text = folder.read(name);
  }
};

TEST_P(Writing, GivesTheOldFileOrTheNewOne) {
  constexpr int kMostCalls = 4;
  for (const char* call : {"create", "write", "fsync", "link", "rename"}) {
    for (const int error : {ENOSPC, EIO, EMFILE, 0, -SIGTERM, -SIGINT, -SIGHUP}) {
      // These take longer.
      if (GetParam().in_commits && error != ENOSPC && error != 0 && error != -SIGTERM) continue;
      for (const bool no_tmpfile : {false, true}) {
        bool came = true;
        for (int at = 1; came && at <= kMostCalls; ++at) {
          const Fault fault{.call = call, .at = at, .error = error, .no_tmpfile = no_tmpfile};
          SCOPED_TRACE(fault.words());
          try_fault(fault, came);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Faults, Writing,
    testing::Values(WritingCase{"lint --fix --unsafe-fixes --select MaintainerDeprecated Dockerfile",
                                "Dockerfile"},
                    WritingCase{"lint --make-baseline out", "out"},
                    WritingCase{"lint --format json=out", "out"}, WritingCase{"lint --output out", "out"},
                    WritingCase{"snapshot -o out", "out"}, WritingCase{"format Dockerfile", "Dockerfile"},
                    WritingCase{"history --keep out", "out", true}, WritingCase{"report -o out", "out", true},
                    WritingCase{"optimize --write --unsafe-fixes", "Dockerfile", true}));

TEST(Faults, OfTheCacheAreNoFailure) {
  for (const char* call : {"create", "write", "link", "rename"}) {
    for (const int error : {ENOSPC, EIO, EMFILE, 0}) {
      const TemporaryFolder folder;
      folder.write("Dockerfile", "FROM alpine:3.20\nCOPY a /a\n");
      folder.write("a", "a");
      const FaultOutcome outcome =
          run_with({.call = call, .error = error, .path = folder / "cache"}, "keys -f Dockerfile", folder);
      EXPECT_EQ(outcome.status, error == 0 && outcome.came ? -1 : 0) << call << outcome.text;
      const FaultOutcome next = run_with({.call = "none"}, "keys -f Dockerfile", folder);
      EXPECT_EQ(next.status, 0) << next.text;
    }
  }
}

// A read that gives less than was asked for is not the end of the file.
TEST(Faults, OfReadingAreNotTheEndOfAFile) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM alpine:3.20\nCOPY data.bin /\n");
  folder.write("data.bin", std::string(600'000, 'x'));
  const std::string arguments = "keys --no-store";
  const std::string keys = run_with({.call = "none"}, arguments, folder).text;
  const Fault short_reads{.call = "read", .at = 1'000'000, .path = "data.bin", .short_read = 40'960};
  EXPECT_EQ(run_with(short_reads, arguments, folder).text, keys);
  const Fault bad_block{.call = "read", .at = 2, .path = "data.bin", .short_read = 40'960};
  const FaultOutcome outcome = run_with(bad_block, arguments, folder);
  EXPECT_EQ(
      outcome.text,
      "dcache: Dockerfile:2:1: COPY reads data.bin, which can't be read: Input/output error; correct its "
      "permissions, or add it to .dockerignore\n");
  EXPECT_EQ(outcome.status, 2);
}

// No answer is given about content that nobody knows, and an image that can't be judged is affected.
TEST(Faults, OfWhatAStepReadsAreErrors) {
  const TemporaryFolder folder;
  folder.write("app/Dockerfile", "FROM alpine:3.20\nCOPY --from=data b /b\nCOPY a l /a/\n");
  folder.write("app/a", "a");
  folder.write("app/unused/a", "a");
  folder.write("data/b/c", "c");
  const std::string build = " -f app/Dockerfile --build-context data=data";
  fs::create_symlink("a", folder / "app/l");
  ASSERT_EQ(run_with({.call = "none"}, "snapshot -o app.json" + build, folder).status, 0);
  struct Case {
    std::string call;
    std::string path;
    std::string named;  // empty if no step reads it
  };
  const Case cases[] = {
      {"read", "/app/a", "3:1: COPY reads a,"},      {"readdir", "/data/b", "2:1: COPY reads b,"},
      {"read", "/data/b/c", "2:1: COPY reads b/c,"}, {"readdir", "/app/unused", ""},
      {"stat", "/app/a", "3:1: COPY reads a,"},      {"stat", "/data/b/c", "2:1: COPY reads b/c,"},
      {"stat", "/data/b", "2:1: COPY reads b,"},     {"stat", "/app/unused/a", ""},
      {"readlink", "/app/l", "3:1: COPY reads l,"}};
  for (const auto& [call, path, named] : cases) {
    const Fault fault{.call = call, .path = folder.path() + path};
    for (const std::string command : {"explain --no-store --since app.json", "keys --no-store",
                                      "snapshot --no-store", "snapshot --no-store -o new.json"}) {
      SCOPED_TRACE(path + ": " + command);
      const FaultOutcome outcome = run_with(fault, command + build, folder);
      EXPECT_TRUE(outcome.came);
      EXPECT_EQ(outcome.status, named.empty() ? 0 : 2);
      EXPECT_NE(outcome.text.find(named), std::string::npos) << outcome.text;
      EXPECT_TRUE(named.empty() || outcome.text.find("alpine") == std::string::npos) << outcome.text;
      EXPECT_TRUE(named.empty() || !fs::exists(folder / "new.json"));
      fs::remove(folder / "new.json");
    }
    if (call == "read") continue;
    const FaultOutcome context = run_with(fault, "context" + build, folder);
    EXPECT_EQ(context.status, 2) << context.text;
    EXPECT_NE(context.text.find(named.empty() ? "can't read unused" : "can't be read: "), std::string::npos)
        << context.text;
  }
}

// A file that becomes shorter while it is read: its hash is of another content than its size says.
TEST(Faults, OfTruncationKeepNoHash) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM alpine:3.20\nCOPY data.bin /\n");
  folder.write("data.bin", std::string(600'000, 'x'));
  fs::last_write_time(folder / "data.bin", fs::file_time_type::clock::now() - std::chrono::hours(1));
  const std::string keys = run_with({.call = "none"}, "keys --no-store", folder).text;
  const Fault end{.call = "read", .at = 2, .error = 1000, .path = "data.bin", .short_read = 40'960};
  const FaultOutcome cut = run_with(end, "keys", folder);
  EXPECT_TRUE(cut.came);
  EXPECT_NE(cut.text, keys);
  EXPECT_NE(cut.text.find("data.bin"), std::string::npos) << cut.text;
  EXPECT_EQ(run_with({.call = "none"}, "keys", folder).text, keys);
}

// What nobody can look at may be there.
TEST(Faults, OfLookingForAFileDoNotHideIt) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM alpine:3.20\nMAINTAINER x\nCOPY d /d\n");
  folder.write(".dcache.toml", "fail-on = \"error\"\n[levels]\nMaintainerDeprecated = \"error\"\n");
  folder.write(".dockerignore", "d/b\n");
  folder.write("d/a", "a");
  folder.write("d/b", "b");
  for (const int error : {EIO, EACCES, EMFILE, ELOOP}) {
    const FaultOutcome settings =
        run_with({.call = "stat", .error = error, .path = ".dcache.toml"}, "lint Dockerfile", folder);
    EXPECT_EQ(settings.status, 1) << settings.text;
    for (const std::string command : {"keys", "explain --changed d/b", "lint Dockerfile"}) {
      const FaultOutcome ignore =
          run_with({.call = "stat", .error = error, .path = ".dockerignore"}, command, folder);
      EXPECT_EQ(ignore.text, run_with({.call = "none"}, command, folder).text) << command;
    }
  }
}

TEST(Faults, InTheMiddleOfFoldersAreNamed) {
  for (const char* path : {"/b", "/b/d"}) {
    const TemporaryFolder folder;
    folder.write("b/d/Dockerfile", "FROM alpine:3.20\n");
    folder.write("c/Dockerfile", "FROM alpine:3.20\nCOPY . /c\n");
    const Fault fault{.call = "readdir", .path = folder.path() + path};
    const FaultOutcome lint = run_with(fault, "lint .", folder);
    EXPECT_EQ(lint.status, 2);
    EXPECT_NE(lint.text.find("can't read b"), std::string::npos) << lint.text;
    EXPECT_NE(lint.text.find("c/Dockerfile"), std::string::npos) << lint.text;
    const FaultOutcome keys = run_with(fault, "keys -f c/Dockerfile --context .", folder);
    EXPECT_EQ(keys.status, 2);
    EXPECT_NE(keys.text.find(path + 1), std::string::npos) << keys.text;
    EXPECT_NE(keys.text.find("Input/output error"), std::string::npos) << keys.text;
  }
}

TEST(Faults, OfFoldersAreNamedAndTheSearchGoesOn) {
  for (const int error : {EMFILE, EACCES, EIO}) {
    const TemporaryFolder folder;
    folder.write("b/Dockerfile", "FROM alpine:3.20\n");
    folder.write("c/Dockerfile", "FROM alpine:3.20\nMAINTAINER c\n");
    const FaultOutcome outcome = run_with({.call = "open", .error = error, .path = "/b"}, "lint .", folder);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.text.find("can't read b: "), std::string::npos) << outcome.text;
    EXPECT_NE(outcome.text.find("c/Dockerfile"), std::string::npos) << outcome.text;
  }
}

}  // namespace
}  // namespace dcache

#endif
