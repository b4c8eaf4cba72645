"""Media of runs for their pages: images, videos, sounds, documents, tables, histograms and other files."""
