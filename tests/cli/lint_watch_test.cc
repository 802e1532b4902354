// `dcache lint --watch` in a process of its own.
#include <csignal>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/run_program.h"

namespace dcache {
namespace {

using test::run_dcache;
using test::TemporaryFolder;

// The program while it runs; what it prints on both streams comes through one pipe.
class Running {
 public:
  explicit Running(const std::string& folder, const char* option, const char* path = ".") {
    int ends[2] = {};
    EXPECT_EQ(::pipe(ends), 0);
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::dup2(ends[1], STDERR_FILENO);
      if (::chdir(folder.c_str()) == 0)
        ::execl(DCACHE_PROGRAM, "dcache", "lint", "--select", "DL3004,DL3006", option, path, nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    output_ = ends[0];
  }
  ~Running() {
    ::kill(process_, SIGTERM);  // SIGINT is ignored in the background
    ::waitpid(process_, nullptr, 0);
    ::close(output_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  // What it prints up to the next time that it waits.
  std::string report() {
    const std::string end = "waiting for changes; press Ctrl-C to stop\n";
    while (text_.find(end) == std::string::npos) {
      if (!read_more()) return "it ended: " + text_;
    }
    std::string report = text_.substr(0, text_.find(end));
    text_.erase(0, report.size() + end.size());
    return report;
  }

  // Reads what it prints up to these words.
  void wait_for(const std::string& words) {
    while (text_.find(words) == std::string::npos) {
      ASSERT_TRUE(read_more()) << text_;
    }
    text_.erase(0, text_.find(words) + words.size());
  }

  // The next report with these words: a file that is being written may be seen half.
  std::string report_with(const std::string& words) {
    std::string text = report();
    while (text.find(words) == std::string::npos && !text.starts_with("it ended"))
      text = report();
    return text;
  }

 private:
  bool read_more() {
    char piece[4096];
    const ssize_t count = ::read(output_, piece, sizeof piece);
    if (count > 0) text_.append(piece, static_cast<size_t>(count));
    return count > 0;
  }

  pid_t process_ = -1;
  int output_ = -1;
  std::string text_;
};

TEST(Watch, ReportsAgainWhenFilesChange) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\nRUN sudo make\n");
  Running lint(folder.path(), "--watch");
  EXPECT_NE(lint.report().find("1 error in 1 file"), std::string::npos);
  folder.write("Dockerfile", "FROM a:1\nRUN make\n");
  const std::string better = lint.report_with("no findings in 1 file");
  EXPECT_NE(better.find("Dockerfile changed"), std::string::npos) << better;
  folder.write("api/Dockerfile", "FROM a\n");
  EXPECT_NE(lint.report_with("1 warning in 2 files").find("api/Dockerfile:1"), std::string::npos);
  // Settings that can't be read are said, and the next ones count.
  folder.write(".dcache.toml", "ignore = [\n");
  EXPECT_NE(lint.report_with(".dcache.toml:").find("dcache:"), std::string::npos);
  folder.write(".dcache.toml", "[levels]\nDL3006 = \"error\"\n");
  EXPECT_NE(lint.report_with("1 error in 2 files").find(".dcache.toml changed"), std::string::npos);
}

// Waits until a file was read to its end.
class ReadWatch {
 public:
  explicit ReadWatch(const std::string& path) : events_(::inotify_init1(IN_CLOEXEC)) {
    EXPECT_GE(::inotify_add_watch(events_, path.c_str(), IN_CLOSE_NOWRITE), 0);
  }
  ~ReadWatch() { ::close(events_); }
  ReadWatch(const ReadWatch&) = delete;
  ReadWatch& operator=(const ReadWatch&) = delete;

  void wait() const {
    char event[4096];
    EXPECT_GT(::read(events_, event, sizeof event), 0);
  }

 private:
  int events_ = -1;
};

TEST(Watch, SaysNothingIfTheAnswerIsTheSame) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\nRUN sudo make\n");
  Running lint(folder.path(), "--watch");
  EXPECT_NE(lint.report().find("1 error in 1 file"), std::string::npos);
  const ReadWatch reading(folder / "Dockerfile");
  folder.write("notes.txt", "x\n");
  reading.wait();
  folder.write("api/Dockerfile", "FROM a\n");
  const std::string next = lint.report();
  EXPECT_NE(next.find("api/Dockerfile:1"), std::string::npos) << next;
}

TEST(Watch, FindsAFolderThatComesBack) {
  const TemporaryFolder folder;
  folder.write("sub/Dockerfile", "FROM a:1\nRUN sudo make\n");
  Running lint(folder / "sub", "--watch");
  EXPECT_NE(lint.report().find("1 error in 1 file"), std::string::npos);
  std::filesystem::remove_all(folder / "sub");
  lint.wait_for("the current folder was removed");
  folder.write("sub/Dockerfile", "FROM a:1\nRUN sudo make && sudo make install\n");
  EXPECT_NE(lint.report_with("in 1 file").find("Dockerfile:2"), std::string::npos);
  // The same for a file that is named.
  const TemporaryFolder other;
  other.write("sub/Dockerfile", "FROM a:1\nRUN sudo make\n");
  Running named(other / "sub", "--watch", "Dockerfile");
  named.report();
  std::filesystem::remove_all(other / "sub");
  named.wait_for("the current folder was removed");
  other.write("sub/Dockerfile", "FROM a:1\nRUN make\n");
  EXPECT_NE(named.report_with("no findings in 1 file"), "");
}

TEST(Watch, OnlyReports) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\n");
  for (const std::vector<std::string>& more : {std::vector<std::string>{"--fix"},
                                               {"--diff"},
                                               {"--add-ignores", "why"},
                                               {"--make-baseline", "b"},
                                               {"-"}}) {
    std::vector<std::string> arguments = {"lint", "--watch"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const test::Outcome outcome = run_dcache(arguments, folder.path());
    EXPECT_EQ(outcome.status, 2) << more[0];
    EXPECT_NE(outcome.err.find("--watch"), std::string::npos) << outcome.err;
  }
}

}  // namespace
}  // namespace dcache
