// What the static program has in the place of libgit2's network: dcache reads repositories, and talks to
// none.
//
// These functions and variables are called in libgit2 and defined by its transports, which need TLS, SSH and
// Kerberos libraries. Since they are defined here, the linker leaves out the transports. That the names fit a
// libgit2 is tested when the build is configured: see cmake/DcacheStatic.cmake.
//
// Source: https://github.com/libgit2/libgit2, libgit2.c and transport.c in src/libgit2
#include <cstddef>

struct passwd;

// The names are those of libgit2.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {

bool git_http__expect_continue = false;
bool git_smart__ofs_delta_enabled = true;

int git_transport_ssh_global_init() {
  return 0;
}

int git_mbedtls_stream_global_init() {
  return 0;
}

// Never called: nothing here opens a connection.
constexpr int kNone = -1;

int git_mbedtls__set_cert_location(const char* /*file*/, const char* /*path*/) {
  return kNone;
}
int git_mbedtls_stream_new(void** /*out*/, const char* /*host*/, const char* /*port*/) {
  return kNone;
}
int git_mbedtls_stream_wrap(void** /*out*/, void* /*in*/, const char* /*host*/) {
  return kNone;
}
int git_smart_subtransport_ssh(void** /*out*/, void* /*owner*/, void* /*parameters*/) {
  return kNone;
}
int git_smart_subtransport_http(void** /*out*/, void* /*owner*/, void* /*parameters*/) {
  return kNone;
}
int git_smart_subtransport_git(void** /*out*/, void* /*owner*/, void* /*parameters*/) {
  return kNone;
}
int git_transport_smart(void** /*out*/, void* /*owner*/, void* /*parameters*/) {
  return kNone;
}
int git_transport_local(void** /*out*/, void* /*owner*/, void* /*parameters*/) {
  return kNone;
}

// Called for the home folder of another user, if the program runs for one (setuid). The C library would load
// shared libraries to answer, which a static program can't. No error, and no such user.
int getpwuid_r(unsigned /*user*/, struct passwd* /*entry*/, char* /*buffer*/, size_t /*size*/,
               struct passwd** result) {
  *result = nullptr;
  return 0;
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
