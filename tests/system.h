// What tests do with the system, and dcache does not. A test that asks for what the system does not have is
// skipped there.
#pragma once

#include <string>

namespace dcache::test {

// Ends the test, which is not counted as passed.
[[noreturn]] void skip(const std::string& reason);

// A symbolic link to a file or folder.
void make_link(const std::string& target, const std::string& path);
void make_fifo(const std::string& path);
// Permission bits. Nothing where files have none.
void set_mode(const std::string& path, unsigned mode);
void expect_mode(const std::string& path, unsigned mode);

void set_variable(const std::string& name, const std::string& value);
void remove_variable(const std::string& name);

bool is_root();

// Whether a file can have the name.
bool allows_name(const std::string& name);

// The exit status of a POSIX shell.
int run_shell(const std::string& command);

}  // namespace dcache::test
