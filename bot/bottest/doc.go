// Package bottest helps to test what speaks to people: a platform in memory that can
// be told to fail, a store in memory for letters and places, and the suite that all
// front ends must pass.
package bottest
