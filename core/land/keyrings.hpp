#pragma once

namespace cdctl::land {

/// Leaves the session keyring of whoever runs us, in which tickets and passwords may be, for an
/// empty one that nobody else has. True also where the kernel has no keyrings.
bool leave_session_keyring();

/// Takes the kernel's keyrings away from this process and all that it starts: add_key, request_key
/// and keyctl answer as of a kernel without them. Needs no_new_privs.
bool forbid_keyrings();

}  // namespace cdctl::land
