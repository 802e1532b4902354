// What only POSIX has: masks, extended attributes, FIFOs.
#include <array>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "dcache/text/file_io.h"
#include "dcache/text/write_file.h"
#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache::text {
namespace {

using test::TemporaryFolder;

TEST(WriteFile, MakesFilesAsTheUsersMaskSays) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(027);
  EXPECT_EQ(write_file(folder / "file", "new"), "");
  ::umask(before);
  test::expect_mode(folder / "file", 0640);
}

TEST(WriteFile, KeepsExtendedAttributes) {
  const TemporaryFolder folder;
  folder.write("file", "old");
  const std::string path = folder / "file";
  if (::setxattr(path.c_str(), "user.note", "kept", 4, 0) != 0) GTEST_SKIP() << "no extended attributes here";
  EXPECT_EQ(write_file(path, "new"), "");
  std::array<char, 8> value{};
  EXPECT_EQ(::getxattr(path.c_str(), "user.note", value.data(), value.size()), 4);
  EXPECT_STREQ(value.data(), "kept");
}

TEST(WriteFile, WritesIntoWhatIsNotARegularFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "fifo";
  test::make_fifo(path);
  std::string got;
  std::thread reader([&] { got = read_file(path).value_or("nothing"); });
  EXPECT_EQ(write_file(path, "text"), "");
  reader.join();
  EXPECT_EQ(got, "text");
  EXPECT_TRUE(std::filesystem::is_fifo(path));
  EXPECT_NE(write_file(folder.path(), "text").find("directory"), std::string::npos);
}

TEST(ReadRegularFile, TakesNothingElse) {
  const TemporaryFolder folder;
  test::make_fifo(folder / "fifo");
  folder.write("file", "12345");
  for (const std::string& path : {folder / "fifo", std::string("/dev/zero"), folder.path()})
    EXPECT_NE(read_regular_file(path).error().find(path), std::string::npos);
  EXPECT_EQ(read_regular_file(folder / "file", {.bytes = 5, .refusal = {}}), "12345");
  EXPECT_NE(read_regular_file(folder / "file", {.bytes = 4, .refusal = {}}).error().find("larger"),
            std::string::npos);
  const auto refuse = [](const std::string& path) { return path.ends_with("file") ? "no" : ""; };
  test::make_link("file", folder / "link");
  EXPECT_TRUE(read_regular_file(folder / "link", {.refusal = refuse}).error().ends_with(": no"));
}

}  // namespace
}  // namespace dcache::text
