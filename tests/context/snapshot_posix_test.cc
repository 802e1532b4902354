// What only POSIX has in folders.
#include <cstring>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dcache/context/snapshot.h"
#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache::context {
namespace {

TEST(Walk, ReportsWhatIsNotAFileAndDoesNotHang) {
  const test::TemporaryFolder folder;
  test::make_fifo(folder / "fifo");
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (folder / "socket").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  auto walk = context::walk(folder.path(), {});
  ::close(fd);
  ASSERT_TRUE(walk);
  ASSERT_EQ(walk->snapshot.records().size(), 1u);
  EXPECT_EQ(walk->snapshot.records()[0].path, "fifo");
  EXPECT_EQ(walk->problems.size(), 2u);
  const auto all = [](size_t, const Record&) { return true; };
  EXPECT_TRUE(hash_contents(walk->snapshot, folder.path(), {.wanted = all}).empty());
}

}  // namespace
}  // namespace dcache::context
