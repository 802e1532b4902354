// Values that instructions and options take.
#include "dcache/plan/values.h"

#include <gtest/gtest.h>

namespace dcache::plan {
namespace {

TEST(Values, KnowPorts) {
  for (const char* text :
       {"80", "0", "65535", "80-81", "80/tcp", "80/UDP", "127.0.0.1:8080:80", "80-81:90-91"})
    EXPECT_TRUE(is_exposable(text)) << text;
  for (const char* text : {"65536", "81-80", "80-65536", "http", "80/http", "-1", "80-81:90-92"})
    EXPECT_FALSE(is_exposable(text)) << text;
}

TEST(Values, SpellPlatformsInOneWay) {
  struct Case {
    const char* written;
    const char* normal;
  };
  for (const Case& c : {Case{"linux/x86_64", "linux/amd64"},
                        {"aarch64", "linux/arm64"},
                        {"linux/arm64/v8", "linux/arm64"},
                        {"linux/arm", "linux/arm/v7"},
                        {"linux/armhf", "linux/arm/v7"},
                        {"linux/armel", "linux/arm/v6"},
                        {"windows", "windows/amd64"}}) {
    EXPECT_EQ(normal_platform(c.written), c.normal) << c.written;
  }
}

}  // namespace
}  // namespace dcache::plan
