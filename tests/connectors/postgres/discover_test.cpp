#include "postgres_test.hpp"
