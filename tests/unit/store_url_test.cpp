#include "store/url.hpp"

#include "ratings/error.hpp"
#include "ratings/store.hpp"

#include <doctest/doctest.h>

TEST_SUITE("store addresses") {
  using ratings::embedded_path;
  using ratings::is_embedded;
  using ratings::redacted;

  TEST_CASE("sqlite:PATH is embedded, PostgreSQL's two forms are not") {
    CHECK(is_embedded("sqlite:/var/lib/r.db"));
    CHECK(is_embedded("sqlite:r.db"));
    CHECK_FALSE(is_embedded("postgresql://u@h/db"));
    CHECK_FALSE(is_embedded("postgres://h"));
    CHECK_FALSE(is_embedded("host=h dbname=d"));
    CHECK_FALSE(is_embedded(" dbname = 'a b'"));
  }

  TEST_CASE("anything else is a usage error that does not show the password") {
    for (const std::string url :
         {"", "ratings.db", "mysql://u:hunter2@h/db?a=b", "SQLITE:x", "redis://:hunter2@h/0",
          "postgresql//u:hunter2@h/db", "postgresql:/u:hunter2@h/db", "u:hunter2@h/db", "hunter2"}) {
      CAPTURE(url);
      try {
        (void)is_embedded(url);
        FAIL("accepted");
      } catch (const ratings::Error& error) {
        CHECK(error.kind() == ratings::Kind::usage);
        CHECK(std::string{error.what()}.find("hunter2") == std::string::npos);
      }
    }
  }

  TEST_CASE("passwords in a URI are masked, wherever they stand") {
    CHECK(redacted("postgresql://u:s3cret@h:5432/db") == "postgresql://u:***@h:5432/db");
    CHECK(redacted("postgresql://:s3cret@h/db") == "postgresql://:***@h/db");
    CHECK(redacted("postgresql://u:a:b@h1,h2:5433/db") == "postgresql://u:***@h1,h2:5433/db");
    CHECK(redacted("postgresql://u:s3@cret@h/db") == "postgresql://u:***@h/db");
    CHECK(redacted("postgresql://u:s3/cr?et@h/db") == "postgresql://u:***@h/db");
    CHECK(redacted("postgresql://u:%73ecret@h/db") == "postgresql://u:***@h/db");
    CHECK(redacted("postgresql://h/db?user=u&password=s3cret&x=1") ==
          "postgresql://h/db?user=u&password=***&x=1");
    CHECK(redacted("postgresql://h/db?%70assword=s3cret") == "postgresql://h/db?%70assword=***");
    CHECK(redacted("postgresql://h/db?sslpassword=s3cret") == "postgresql://h/db?sslpassword=***");
  }

  TEST_CASE("a login without a scheme in front, or with a mistyped one, is masked too") {
    CHECK(redacted("u:s3cret@h/db") == "u:***@h/db");
    CHECK(redacted("postgresql//u:s3cret@h/db") == "postgresql//u:***@h/db");
    CHECK(redacted("postgresql:/u:s3cret@h/db") == "postgresql:***@h/db");
    CHECK(redacted("h/db?password=s3cret") == "h/db?password=***");
  }

  TEST_CASE("an address without a password stays as it is") {
    for (const std::string url :
         {"postgresql://u@h:5432/db?sslmode=require", "postgresql://h:5432/db?application_name=a@b",
          "postgresql:///db", "sqlite:/tmp/password=x", "host=h port=5432 dbname=d", ""}) {
      CHECK(redacted(url) == url);
    }
  }

  TEST_CASE("passwords in keyword strings are masked, quoted, spaced and unfinished ones too") {
    CHECK(redacted("host=h password=s3cret dbname=d") == "host=h password=*** dbname=d");
    CHECK(redacted("password='it''s' host=h").find("s host") == std::string::npos);
    CHECK(redacted(R"(password = 'a b\' c' host=h)") == "password = *** host=h");
    CHECK(redacted(R"(password=a\ b host=h)") == "password=*** host=h");
    CHECK(redacted("host=h PASSWORD=x sslpassword=y") == "host=h PASSWORD=*** sslpassword=***");
    CHECK(redacted("host=h password='never closed") == "host=h password=***");
    CHECK(redacted("host=h password=") == "host=h password=***");
  }

  TEST_CASE("a file has one path, however it is written") {
    CHECK(embedded_path("sqlite:/tmp/./a/../r.db") == "/tmp/r.db");
    CHECK(embedded_path("sqlite:r.db").is_absolute());
    CHECK_THROWS_AS((void)embedded_path("sqlite:"), ratings::Error);
    CHECK_THROWS_AS((void)embedded_path("sqlite::memory:"), ratings::Error);
  }
}
