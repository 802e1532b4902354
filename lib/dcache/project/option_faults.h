// What builders refuse of the values of a definition. Each gives what is wrong, in words; empty for nothing.
#pragma once

#include <string>
#include <string_view>

namespace dcache::project {

// Platforms that are separated by commas. Those that CI sets (`${{ … }}`) are taken.
std::string fault_of_platforms(std::string_view platforms);

// "nofile=1024", "nofile=1024:2048".
// Source: ParseUlimit in https://github.com/docker/go-units/blob/master/ulimit.go
std::string fault_of_ulimit(std::string_view limit);

// "key=value", "index:key=value", "manifest[linux/amd64],index:key=value".
// Source: https://docs.docker.com/build/metadata/annotations/
std::string fault_of_annotation(std::string_view annotation);

// "64m": bytes, or with a unit.
std::string fault_of_size(std::string_view size);

}  // namespace dcache::project
