//! Dev only: throwaway servers and builders for tests.
