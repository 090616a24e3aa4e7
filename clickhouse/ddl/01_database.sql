-- Database tshop
--
-- Purpose: holds everything of this folder. Atomic, because publishing relies on EXCHANGE TABLES.
CREATE DATABASE IF NOT EXISTS tshop ENGINE = Atomic; -- noqa: capitalisation.keywords
