"""From gazette PDFs to provisions: extraction, layout, numbering, segmentation, description."""
