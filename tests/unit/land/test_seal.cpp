#include <catch2/catch.hpp>

#include "core/land/seal.hpp"

using namespace cdctl;
using land::Stage;

TEST_CASE("a keyed digest is HMAC-SHA256 (RFC 4231)", "[land]") {
  CHECK(land::keyed_digest(std::string(20, '\x0b'), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(land::keyed_digest("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(land::keyed_digest(std::string(131, '\xaa'),
                           "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("a seal holds for what was verified, and nothing else", "[land]") {
  TargetConfig target;
  target.name = "main";
  target.repository = "/srv/thumbs.git";
  records::Candidate one;
  one.target = "main";
  one.proposal = "fix";
  one.head = "h";
  one.base = "b";
  one.commit = "c";
  one.tree = "t";
  one.verdict = "verified";
  one.seal = land::seal_of("key", Stage::verify, target, one);
  CHECK(land::seal_holds("key", Stage::verify, target, one));
  CHECK_FALSE(land::seal_holds("another", Stage::verify, target, one));
  for (const auto member : {&records::Candidate::commit, &records::Candidate::tree,
                            &records::Candidate::verdict, &records::Candidate::message}) {
    auto other = one;
    other.*member += "x";
    CHECK_FALSE(land::seal_holds("key", Stage::verify, target, other));
  }
  auto elsewhere = target;
  elsewhere.branch = "release";
  CHECK_FALSE(land::seal_holds("key", Stage::verify, elsewhere, one));
  CHECK_FALSE(land::seal_holds("key", Stage::gate, target, one));
  one.seal = land::seal_of("key", Stage::gate, target, one);  // who lets through verifies nothing
  CHECK_FALSE(land::seal_holds("key", Stage::verify, target, one));
  one.seal.clear();
  CHECK_FALSE(land::seal_holds("key", Stage::verify, target, one));
}
