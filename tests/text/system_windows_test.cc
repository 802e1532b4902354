#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "dcache/text/descriptor.h"
#include "dcache/text/file_io.h"
#include "dcache/text/system.h"
#include "dcache/text/system_path.h"
#include "dcache/text/write_file.h"
#include "tests/run_program.h"

namespace dcache::text {
namespace {

using test::TemporaryFolder;

TEST(SystemOnWindows, OpensPathsOfAnyLengthAndScript) {
  const TemporaryFolder folder;
  std::string path = folder.path();
  while (path.size() < 300) {
    path += "/Ordner-\u00fc-\u6587-\U0001f433";
    std::string native = path;
    std::ranges::replace(native, '/', '\\');
    std::filesystem::create_directory(system_path("\\\\?\\" + native));
  }
  path += "/Dockerfile";
  EXPECT_EQ(write_file(path, "FROM a\n"), "");
  EXPECT_EQ(read_file(path), "FROM a\n");
  EXPECT_EQ(write_file(path, "FROM b\n"), "");
  EXPECT_EQ(read_regular_file(path), "FROM b\n");
  EXPECT_TRUE(may_exist(path));
  EXPECT_EQ(real_path(path), real_path(folder.path()) + path.substr(folder.path().size()));
}

TEST(SystemOnWindows, TakesDevicesForWhatTheyAre) {
  FileStatus status;
  ASSERT_TRUE(status_of("NUL", status));
  EXPECT_EQ(type_of(status), EntryType::kDevice);
  EXPECT_NE(read_regular_file("nul").error().find("not a regular file"), std::string::npos);
  EXPECT_EQ(read_file("NUL"), "");
  EXPECT_EQ(write_file("NUL", "gone"), "");
  // In a folder it would be a file.
  const TemporaryFolder folder;
  EXPECT_FALSE(may_exist(folder / "NUL"));
}

TEST(SystemOnWindows, PathsHaveEitherSeparatorAndTheSpellingOfTheDisk) {
  const TemporaryFolder folder;
  folder.write("Sub/File.txt", "x");
  std::string other = folder / "sub\\FILE.TXT";
  EXPECT_EQ(read_file(other), "x");
  EXPECT_TRUE(real_path(other).ends_with("/Sub/File.txt")) << real_path(other);
  EXPECT_EQ(real_path(folder / "none"), folder / "none");
}

TEST(SystemOnWindows, ReadOnlyFilesAreNotReplaced) {
  const TemporaryFolder folder;
  folder.write("file", "old");
  std::filesystem::permissions(folder / "file", std::filesystem::perms::owner_read);
  FileStatus status;
  ASSERT_TRUE(status_of((folder / "file").c_str(), status));
  EXPECT_EQ(status.st_mode, 0555U);
  EXPECT_NE(write_file(folder / "file", "new"), "");
  EXPECT_EQ(folder.read("file"), "old");
  std::filesystem::permissions(folder / "file", std::filesystem::perms::owner_all);
  ASSERT_TRUE(status_of((folder / "file").c_str(), status));
  EXPECT_EQ(status.st_mode, 0755U);
}

TEST(SystemOnWindows, AFileThatIsOpenIsReplaced) {
  const TemporaryFolder folder;
  folder.write("file", "old");
  const Descriptor open(open_to_read((folder / "file").c_str()));
  ASSERT_GE(open.get(), 0);
  EXPECT_EQ(write_file(folder / "file", "new"), "");
  EXPECT_EQ(folder.read("file"), "new");
}

TEST(SystemOnWindows, FoldersAreRead) {
  const TemporaryFolder folder;
  folder.write("a/b", "x");
  folder.write("\u00fc", "xy");
  const Descriptor open(open_folder(folder.path().c_str()));
  std::vector<std::string> names;
  const auto add = [](void* to, const char* name, EntryType type) {
    static_cast<std::vector<std::string>*>(to)->push_back(std::string(name) +
                                                          (type == EntryType::kFolder ? "/" : ""));
  };
  EXPECT_TRUE(list_folder(open.get(), add, &names));
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"a/", "\u00fc"}));
  FileStatus status;
  ASSERT_TRUE(status_in(open.get(), "\u00fc", status));
  EXPECT_EQ(status.st_size, 2U);
  EXPECT_FALSE(status_in(open.get(), "none", status));
  EXPECT_EQ(errno, ENOENT);
  const Descriptor inner(open_folder_in(open.get(), "a"));
  EXPECT_GE(inner.get(), 0);
  EXPECT_EQ(open_folder((folder / "a/b").c_str()), -1);
  EXPECT_EQ(errno, ENOTDIR);
}

}  // namespace
}  // namespace dcache::text
