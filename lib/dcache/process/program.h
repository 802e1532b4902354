// Other programs, started for what they print.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dcache::process {

// The path of a program in one of the folders of PATH; empty if it is in none. Only absolute folders count,
// so that nothing is started from the folder one happens to be in. On Windows it is NAME.exe: what a script
// of cmd.exe makes of its arguments is not safe.
std::string find_program(std::string_view name);

// What the program prints on standard output until it ends, whatever its status. Its standard input is the
// open file `input`, or empty; its standard error goes nowhere. Its environment is this program's with
// `variables` ("NAME=value") on top. Nothing if it can't be started, was ended by a signal, prints more than
// `most` bytes, or does not end within `time`: it is killed then. It gets the open files `descriptors` under
// the same numbers, where files have names such as /dev/fd/3. Safe to call from many threads.
std::optional<std::string> output_of(const std::string& program, const std::vector<std::string>& arguments,
                                     const std::vector<std::string>& variables,
                                     std::chrono::milliseconds time, size_t most,
                                     std::span<const int> descriptors = {}, int input = -1);

}  // namespace dcache::process
